"""Tasks for recurrent networks: trials drawn from a generator, with the loss that each is to make small."""
