// Package vote decides who may lead a cluster, from what its nodes said: pure functions, without I/O, clocks or state.
//
//   - Voters and Joint count majorities, of one set of master candidates and of an old and a new set together.
//   - Gather, Healthy, AgreementBefore211 and Agreement are the reference's own rules, which look at names only.
//   - Failover goes beyond them: who is to lead must have the newest config that a majority of the candidates knows.
//   - Holding.Claim and Holding.Push are the receivers' side, the fence: what a node takes, and from whom.
//
// # How two masters are kept apart
//
// Nothing but serial_no orders two versions of config.data, so no two versions may ever have the same one. Whoever wants to
// lead claims a floor at a majority of the candidates: a serial at least two above what each of them has. A node that grants
// the claim refuses smaller floors from then on, and every push that doesn't come from its new master with that floor. The
// first version of the new master has the floor as its serial. The old one could have written one version more than the last
// that a majority took, and that one's serial is below the floor. So a higher serial is always the newer version, and a
// version that a majority took is always known to somebody in the majority that grants the next claim.
//
// A version that changes the set of candidates needs a majority of both sets, and carries the old set along until it has
// them, because whoever claims on top of it needs both as well.
//
// All functions may be called from several goroutines; values have no locks.
package vote
