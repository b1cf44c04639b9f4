"""How much a training run minds faults: campaigns over bits, rates and analog faults, parity, pictures."""
