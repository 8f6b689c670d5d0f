"""monitor over HTTP: product systems send events, people read incidents and end them."""

from fastapi import APIRouter

from services.monitor.api import events, incidents

router = APIRouter(prefix="/v1")
router.include_router(events.router)
router.include_router(incidents.router)
