package loadgen

import (
	"fmt"

	"gantry/confd/wire"
)

// TypeMix asks one type of request only: with every name of the config where the
// type asks for one that the config's names have, else with what every config
// answers rightly.
func TypeMix(t wire.Type, names Names) ([]Share, error) {
	queries := []Query{{Type: t}}
	var err error
	switch t {
	case wire.ReqNodePipByInstIP, wire.ReqNodeRole, wire.ReqNodeDRBD, wire.ReqNodeInstances:
		queries, err = everyName(t, names)
	case wire.ReqConfigQuery:
		queries[0].Query = wire.Query{Kind: wire.QueryPlain, Plain: "/cluster/cluster_name"}
	case wire.ReqInstanceDisks:
		err = fmt.Errorf("%s needs a mix FILE that names instances", t)
	}
	if err != nil {
		return nil, err
	}
	return []Share{{Weight: 1, Queries: queries}}, nil
}
