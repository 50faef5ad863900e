"""An IB-GAN small enough to train in a second."""

TINY = ["--batch-size", "4", "--generator-width", "2", "--discriminator-width", "2", "--threads", "1"]
