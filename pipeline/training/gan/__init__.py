"""Train a StyleGAN2: regress the renderer's pictures first, then train against a discriminator."""
