"""`python -m bench [PART ...]`: the named parts, or all of them. What a part has found is one line, a JSON object; the last line is one."""

import argparse
import asyncio
import json
import logging

from bench.parts import PARTS


async def main(parts: list[str], said: argparse.Namespace) -> None:
    for part in parts:
        print(json.dumps(await PARTS[part].measure(said)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none: all")
    for each in PARTS.values():
        each.arguments(parser)
    arguments = parser.parse_args()
    if unknown := [part for part in arguments.parts if part not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}; there is {', '.join(PARTS)}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # until the broker answers it says so at every try
    asyncio.run(main(arguments.parts or list(PARTS), arguments))
