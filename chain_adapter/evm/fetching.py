"""Proofs as an endpoint gives them."""

from __future__ import annotations

from chain_adapter.errors import InvalidProof, Retryable
from chain_adapter.evm.headers import header_rlp
from chain_adapter.evm.layout import AnchorRecord, record_slot
from chain_adapter.evm.proof.value import Batch, EvmProof
from chain_adapter.evm.rows import Kept
from chain_adapter.evm.rpc import Endpoint, EndpointTrouble, Refused


def fetch_proof(endpoint: Endpoint, kept: Kept, record: AnchorRecord) -> EvmProof:
    """The proof of an anchored entry under the block that brought its record; not judged yet.

    Raises:
        Retryable: the endpoint does not give one.
    """
    anchor = kept.anchor
    if anchor is None or kept.place is None:
        raise Retryable("the entry is not in a block yet")
    try:
        block = endpoint.block(record.height)
        account, storage = endpoint.proof(record_slot(anchor.root, anchor.count), record.height)
        if block is None:
            raise Retryable(f"{endpoint.name} does not hold block {record.height} any more")
        header = endpoint.call(lambda _: header_rlp(block))
        batch = Batch(anchor.root, record.first, anchor.count, kept.place, kept.path)
        return EvmProof(header, account, storage, batch)
    except (EndpointTrouble, Refused, InvalidProof) as error:
        raise Retryable(f"no proof can be had: {error}") from error
