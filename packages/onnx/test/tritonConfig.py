"""Reads a config.pbtxt from standard input with Triton's own model_config.proto and prints it as JSON. Needs tritonclient and protobuf."""
import importlib.util
import pathlib
import sys

import tritonclient
from google.protobuf import json_format, text_format

# The module itself: its package would want grpc.
path = pathlib.Path(tritonclient.__file__).parent / "grpc" / "model_config_pb2.py"
spec = importlib.util.spec_from_file_location("model_config_pb2", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(json_format.MessageToJson(text_format.Parse(sys.stdin.read(), module.ModelConfig()), preserving_proto_field_name=True))
