"""Pod security standards as pure functions: what a namespace's labels ask for, and what a pod does
against it. Admission (`machinery/admission/pod_security.py`) asks them."""
