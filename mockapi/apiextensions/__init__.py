"""The controllers that kube-apiserver itself runs for its extensions: CustomResourceDefinitions are
named, established and cleaned up, and registered as APIServices. They run whatever
`--controllers` says, for they are part of the server.
"""
