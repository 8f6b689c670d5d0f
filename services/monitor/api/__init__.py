"""monitor over HTTP: product systems send events, people read incidents and risks, and end them."""

from fastapi import APIRouter

from services.monitor.api import customers, events, incidents, risks

router = APIRouter(prefix="/v1")
router.include_router(events.router)
router.include_router(incidents.router)
router.include_router(risks.router)
router.include_router(customers.router)
