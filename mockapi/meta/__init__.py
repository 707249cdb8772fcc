"""Pure values of the API: names, errors, messages, selectors, quantities, options, codec."""
