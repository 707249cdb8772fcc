"""Informers, work queues, the loop and the event recorder: written once, know no kinds."""
