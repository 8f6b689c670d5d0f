"""`python -m deploy.init` on real servers: what is missing is made, what differs is told, and a second run changes nothing."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy import topics
from deploy.services import NAMES
from shared.connecting.brokers import Brokers
from tests.attacks import allowed, connect, prepared_database
from tests.containers import PASSWORD, Kafka, Postgres, kafka, postgres_server

__all__ = ["kafka", "postgres_server"]
pytestmark = pytest.mark.docker

ROOT = Path(__file__).parent.parent.parent


async def init(kafka: Kafka, postgres: Postgres, passwords: str) -> str:
    """Runs the process as the image does, in production; returns what it printed."""
    environment = {
        **os.environ,
        "FOREWARN_KAFKA": kafka.bootstrap,
        "FOREWARN_DATABASE_PORT": str(postgres.port),
        "FOREWARN_DATABASE_NAME": "init",
        "FOREWARN_DATABASE_POOL": "5",  # the server of this test has 100 connections
        "FOREWARN_ADMIN_PASSWORD": PASSWORD,
        **{f"FOREWARN_{service.upper()}_PASSWORD": f"{passwords}-pw9f2c-of-{service}" for service in NAMES},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.init", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def setting(kafka: Kafka, topic: str, name: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={name: None})])
        return str(answer.resources[0][4][0][1])
    finally:
        await admin.close()


async def enters(postgres: Postgres, service: str, password: str) -> bool:
    try:
        connection = await asyncpg.connect(
            host="localhost", port=postgres.port, database="init", user=f"forewarn_{service}", password=password, timeout=5
        )
    except asyncpg.InvalidPasswordError:
        return False
    await connection.close()
    return True


async def test_a_first_run_makes_everything_and_a_second_only_sets_the_passwords_anew(kafka: Kafka, postgres_server: Postgres) -> None:
    said = await init(kafka, postgres_server, "first")
    assert "database init: created" in said
    assert said.count(": created, partitions") == len(topics.read())
    assert await setting(kafka, "customers.v1", "cleanup.policy") == "compact"
    assert await setting(kafka, "product.events.v1.dlq", "max.message.bytes") == "3145728"
    assert all([await enters(postgres_server, service, f"first-pw9f2c-of-{service}") for service in NAMES])

    said = await init(kafka, postgres_server, "second")
    assert said == "topics, roles, schemas and migrations are as they should be\n"
    assert all([await enters(postgres_server, service, f"second-pw9f2c-of-{service}") for service in NAMES])
    assert not await enters(postgres_server, "monitor", "first-pw9f2c-of-monitor")


async def test_no_role_can_do_anything_beyond_its_part_on_the_server_that_is_shipped(postgres_server: Postgres) -> None:
    async with prepared_database("localhost", postgres_server.port, "postgres", PASSWORD) as prepared:
        own = await connect(prepared, "forewarn_monitor")
        assert await allowed(own) == []
        await own.close()
        for database in ("postgres", "template1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
                await connect(prepared, "forewarn_ticketing", database)


async def test_settings_reach_a_topic_that_exists_and_its_partitions_are_left_alone(kafka: Kafka) -> None:
    await kafka.create("grown.v1", partitions=4)
    wanted = {"grown.v1": topics.Wanted(partitions=10, settings={"retention.ms": 60000})}
    assert await topics.agree(Brokers(kafka.bootstrap), wanted) == [
        "topic grown.v1: has 4 partitions and should have 10; left alone, since keys would move"
    ]
    assert await setting(kafka, "grown.v1", "retention.ms") == "60000"
