module github.com/encast/encast/examples/go

go 1.26.0

require github.com/encast/encast/go-exporter v0.0.0

replace github.com/encast/encast/go-exporter => ../../go-exporter
