package campaign

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"time"
)

// Client asks over one kept connection. It reads as little of HTTP as the exporter's answers need, so that on a machine
// of few cores the clients leave them to the exporter.
type Client struct {
	address    string
	connection net.Conn
	reader     *bufio.Reader
	body       bytes.Buffer
}

// NewClient returns a client that connects when it first asks.
func NewClient(address string) *Client { return &Client{address: address} }

// Message is a request as it is sent; no body makes a GET.
func Message(method, path, body string) []byte {
	head := method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
	if body != "" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "\r\n" + body)
}

// Ask sends a request, and returns the status and the body, which is valid until the next call. After an error the next
// call connects anew.
func (c *Client) Ask(message []byte) (int, []byte, error) {
	if c.connection == nil {
		connection, err := net.DialTimeout("tcp", c.address, 10*time.Second)
		if err != nil {
			return 0, nil, err
		}
		c.connection = connection
		if c.reader == nil {
			c.reader = bufio.NewReaderSize(nil, 16<<10)
		}
		c.reader.Reset(connection)
	}
	status, err := c.exchange(message)
	if err != nil {
		c.Close()
		return 0, nil, err
	}
	return status, c.body.Bytes(), nil
}

// Close closes the connection.
func (c *Client) Close() {
	if c.connection != nil {
		_ = c.connection.Close()
		c.connection = nil
	}
}

func (c *Client) exchange(message []byte) (int, error) {
	if err := c.connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return 0, err
	}
	if _, err := c.connection.Write(message); err != nil {
		return 0, err
	}
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("no status: %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length, chunked := -1, false
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
		chunked = chunked || bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked"))
	}
	c.body.Reset()
	switch {
	case chunked:
		if _, err := c.body.ReadFrom(httputil.NewChunkedReader(c.reader)); err != nil {
			return 0, err
		}
		_, err = c.reader.Discard(2) // the line that ends the trailer
	case length >= 0:
		_, err = io.CopyN(&c.body, c.reader, int64(length))
	default:
		err = errors.New("an answer of no known length")
	}
	return status, err
}
