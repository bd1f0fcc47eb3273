"""Files of models, whatever they are for: where they lie, fetched once, and ONNX opened safely."""
