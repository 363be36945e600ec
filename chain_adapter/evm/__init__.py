"""An EVM chain as a ledger: deposits anchored by the contract ``DepositAnchor``.

Reading this package imports neither web3 nor anything of the extra ``evm``: records are verified
offline (:mod:`chain_adapter.evm.proof`) where nothing of the kind is installed.
"""
