"""The strategy of custom resources, made from their CustomResourceDefinition."""
