"""The generator of the models, dict types and methods of `responses_client`, from `codegen/schema/*.yaml`."""
