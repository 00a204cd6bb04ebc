package config

import "slices"

// Dictionaries of parameters come in two forms: filled ones, on the cluster, have all keys (a missing one gets the
// reference's default), partial ones override some of them.

var (
	beParams = slices.Concat(
		must("minmem", special((*transcoder).memory)),
		must("maxmem", special((*transcoder).memory)),
		must("vcpus", integer),
		must("auto_balance", boolean),
		must("always_failover", boolean),
		must("spindle_use", integer),
	)
	ndParams = slices.Concat(
		must("oob_program", text),
		must("spindle_count", integer),
		must("exclusive_storage", boolean),
		must("ovs", boolean),
		must("ovs_name", text),
		must("ovs_link", text),
		must("ssh_port", integer),
		must("cpu_speed", double),
	)
	nicParams = slices.Concat(
		must("mode", nicModes),
		must("link", text),
		must("vlan", text),
	)
	sizes = slices.Concat(
		must("memory-size", integer),
		must("disk-size", integer),
		must("disk-count", integer),
		must("cpu-count", integer),
		must("nic-count", integer),
		must("spindle-use", integer),
	)
	minMax = slices.Concat(
		must("min", objectOf(newSchema(sizes))),
		must("max", objectOf(newSchema(sizes))),
	)
	policy = slices.Concat(
		must("minmax", listOf(objectOf(newSchema(minMax)))),
		must("std", filled(sizes, member0(defaultIPolicy, "std"))),
		must("spindle-ratio", double),
		must("vcpu-ratio", double),
		must("disk-templates", listOf(templates)),
	)
)

// Layouts before 2.6 have one "memory", 2.6 and 2.7 have "min" and "max" at the top of a policy.
var (
	filledBE      = filled(beParams, defaultBEParams, "memory")
	partialBE     = partial(beParams, "memory")
	filledND      = filled(ndParams, defaultNDParams)
	partialND     = partial(ndParams)
	filledNIC     = filled(nicParams, defaultNICParams)
	partialNIC    = partial(nicParams)
	filledPolicy  = filled(policy, defaultIPolicy, "min", "max")
	partialPolicy = partial(groupPolicy(), "min", "max")
)

// filled is an object in which each missing field gets its value of the defaults, an object's canonical text.
func filled(fields []fieldRule, defaults string, legacy ...string) *shape {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].def = member0(defaults, fields[i].name)
	}
	return objectOf(newSchema(fields).withLegacy(legacy...))
}

// partial is an object in which every field may be missing.
func partial(fields []fieldRule, legacy ...string) *shape {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].need = optional
	}
	return objectOf(newSchema(fields).withLegacy(legacy...))
}

// groupPolicy is a policy whose standard sizes are partial, too.
func groupPolicy() []fieldRule {
	fields := slices.Clone(policy)
	fields[slices.IndexFunc(fields, func(f fieldRule) bool { return f.name == "std" })].shape = partial(sizes)
	return fields
}

// member0 returns the value of a member that is there.
func member0(object, name string) string {
	value := Lookup([]byte(object), []byte(name))
	if value == nil {
		panic("config: default without " + name)
	}
	return string(value)
}
