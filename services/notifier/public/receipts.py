"""Providers say here what became of what they took. Each message has an address of its own, which nobody else knows."""

from fastapi import APIRouter, Request, Response

from services.notifier import metrics
from services.notifier.channels.sms.receipts import Callback, Meaning, Reader
from services.notifier.hearing.receipts import note
from services.notifier.links import What
from services.notifier.public.asking import NOT_OURS, use_of
from services.notifier.settings import NotifierSettings
from shared.api import Db, Problem


def router_of(reader: Reader | None) -> APIRouter:
    """Makes the route; `reader`: of the SMS provider's receipts, None when it gives none."""
    router = APIRouter(prefix="/r", tags=["public"])

    @router.post("/{receipt}", status_code=204, response_class=Response, responses=NOT_OURS)
    async def take_receipt(receipt: str, request: Request, database: Db) -> Response:
        """Takes a receipt. 404 for an address that is not ours, also for a call that the provider did not sign."""
        use = use_of(receipt, What.RECEIPT, request)
        settings: NotifierSettings = request.app.state.settings
        headers = {name.lower(): value for name, value in request.headers.items()}
        callback = Callback(f"{settings.public_url}/r/{receipt}", headers, await request.body())
        if reader is None or not reader.is_genuine(callback):
            metrics.RECEIPTS.labels(Meaning.FORGED).inc()
            raise Problem(404, "there is no such page")
        if (said := reader.read(callback)) is not None:
            async with database.transaction() as tx:
                await note(tx, use, said)
        return Response(status_code=204)

    return router
