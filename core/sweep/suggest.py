"""Optuna as an ask-and-tell process: one JSON object a line on standard input, one answer a line on standard output.

The first line is the search, {"sampler": "grid", "seed": 1, "maximize": true, "space": {OPTION: ENTRY}}, with entries
{"choices": COUNT} or {"low": X, "high": X, "log": false, "int": false}; its answer {"optuna": VERSION}, or
{"missing": REASON}. Then {"ask": true} is answered by {"number": N, "values": {OPTION: VALUE}}, where the value of
choices is an index, and {"tell": N, "value": X} by {}, with null for a trial that failed. It ends with its input.
"""

import json
import signal
import sys


def main():
    """Answers every line until the input ends; Ctrl-C is for whoever asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    search = json.loads(sys.stdin.readline())
    try:
        import optuna
    except ImportError as error:
        return answer({"missing": str(error)})
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=sampler_of(optuna, search), direction="maximize" if search["maximize"] else "minimize"
    )
    answer({"optuna": optuna.__version__})
    for line in sys.stdin:
        request = json.loads(line)
        if "ask" in request:
            trial = study.ask()
            values = {option: suggested(trial, option, entry) for option, entry in search["space"].items()}
            answer({"number": trial.number, "values": values})
        else:
            tell(optuna, study, request)


def sampler_of(optuna, search):
    """The sampler that a search names."""
    seed = search["seed"]
    if search["sampler"] == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    if search["sampler"] == "tpe":
        return optuna.samplers.TPESampler(seed=seed)

    class AskedGridSampler(optuna.samplers.GridSampler):
        """After a trial Optuna's only stops study.optimize(), which refuses where nothing runs in it."""

        def after_trial(self, study, trial, state, values):
            pass

    points = {option: list(range(entry["choices"])) for option, entry in search["space"].items()}
    return AskedGridSampler(points, seed=seed)


def suggested(trial, option, entry):
    """A trial's value of an option."""
    if "choices" in entry:
        return trial.suggest_categorical(option, list(range(entry["choices"])))
    suggest = trial.suggest_int if entry["int"] else trial.suggest_float
    return suggest(option, entry["low"], entry["high"], log=entry["log"])


def tell(optuna, study, request):
    """Tells the study what a trial came to."""
    if request["value"] is None:
        study.tell(request["tell"], state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(request["tell"], request["value"])
    answer({})


def answer(value):
    """Writes one line."""
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
