"""Devices: their variation from one to the next, their response to a pulse, their loss over time.

`population` draws devices from a chipspec; `linear` (soft bounds, linear step, constant step), `exponential` and `pair`
turn them into one record per cell, whose layout and meaning are in `records`. `state` holds what only some arrays need:
conductances apart from what is seen of them, write noise, wear, and the loss over time of `retention`.
"""
