// Package connect opens what the configuration names: the load balancer, the
// slots, the stores, the metrics. It is where actions and adapters meet; it
// holds no rule and decides nothing.
package connect
