"""Clock, ids, trees and waiting: a library of its own, no Kubernetes in it."""
