"""The bundled scorer: its weights, figures, model card and natural scores."""
