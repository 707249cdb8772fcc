"""Clock, ids, trees and waiting: nothing here knows Kubernetes; it could be a library of its own."""
