"""Records on an EVM chain, proven without a node: headers, tries, storage, validators' seals."""

from chain_adapter.evm.proof.value import Batch, EvmProof

__all__ = ["Batch", "EvmProof"]
