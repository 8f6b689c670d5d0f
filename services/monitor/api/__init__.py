"""monitor over HTTP: product systems send events, people read incidents and risks, steer and end them, and announce maintenance."""

from fastapi import APIRouter

from services.monitor.api import customers, events, incidents, maintenance, muting, risks, steering

router = APIRouter(prefix="/v1")
router.include_router(events.router)
router.include_router(incidents.router)
router.include_router(steering.router)
router.include_router(risks.router)
router.include_router(maintenance.router)
router.include_router(muting.router)
router.include_router(customers.router)
