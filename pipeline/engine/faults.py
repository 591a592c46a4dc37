"""What an error of models/ means to the pipeline: the one place where one tree of errors becomes the other."""

from models.errors import BadEngineOption, ModelError, ModelNotFound, RequestRefused
from pipeline.errors import EnvironmentFault, RequestError, ScenescribeError, UsageError


def translated(error: ModelError) -> ScenescribeError:
    """The same code, words and data, as an error of ours.

    ModelNotFound, BadEngineOption -> UsageError (the user can change it), RequestRefused -> RequestError (this request alone),
    all else -> EnvironmentFault (nobody can be answered).
    """
    kind: type[ScenescribeError] = EnvironmentFault
    if isinstance(error, ModelNotFound | BadEngineOption):
        kind = UsageError
    elif isinstance(error, RequestRefused):
        kind = RequestError
    return kind(error.code, error.message, **error.data)
