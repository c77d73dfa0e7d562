"""Agents of enterprises: an authority registers what it has seen proven."""

from service.errors import Conflict, NotFound


class NoSuchAuthorisation(NotFound):
    """There is no authorisation of this id that you may read."""

    code = "no_such_authorisation"


class AuthorisationRevoked(Conflict):
    """The authorisation was revoked already."""

    code = "authorisation_revoked"
