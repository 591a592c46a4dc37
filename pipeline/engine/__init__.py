"""A process's one door to a model: whoever asks, asks here.

    engine.py       ask, stream, admit: what the rest of the house sees
    gate.py         who may be in flight: bounds on count and bytes, priorities, fairness
    supervisor.py   starts the model, and starts it again when it died
    gauges.py       what the model's own gauges came to
    faults.py       errors of models/ as errors of ours
    opening.py      from options to an engine

It knows no recipe, no film and no window: requests in, words out.
"""
