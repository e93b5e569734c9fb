#!/usr/bin/env python3
"""Holds compose files against compose's JSON schema: compose_schema.py SCHEMA FILE…"""

import json
import sys

import jsonschema
import yaml

schema_path, *files = sys.argv[1:]
with open(schema_path, encoding="utf-8") as text:
    validator = jsonschema.Draft7Validator(json.load(text))
wrong = 0
for path in files:
    with open(path, encoding="utf-8") as text:
        for error in validator.iter_errors(yaml.safe_load(text)):
            wrong += 1
            print(f"{path}: {error.json_path}: {error.message}", file=sys.stderr)
sys.exit(wrong > 0)
