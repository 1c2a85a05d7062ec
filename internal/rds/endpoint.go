package rds

import (
	"context"
	"net"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// endpoint is where clients reach the instance, or the writer of the cluster, as
// host:port; "" while it has none, such as when it is still being made.
func (k *Keeper) endpoint(ctx context.Context) (string, error) {
	if k.settings.Cluster != "" {
		found, err := k.api.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &k.settings.Cluster})
		if err != nil || len(found.DBClusters) != 1 {
			return "", err
		}
		return address(found.DBClusters[0].Endpoint, found.DBClusters[0].Port), nil
	}
	found, err := k.api.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &k.settings.Instance})
	if err != nil || len(found.DBInstances) != 1 || found.DBInstances[0].Endpoint == nil {
		return "", err
	}
	return address(found.DBInstances[0].Endpoint.Address, found.DBInstances[0].Endpoint.Port), nil
}

func address(host *string, port *int32) string {
	if host == nil || port == nil {
		return ""
	}
	return net.JoinHostPort(plain(*host), strconv.Itoa(int(*port)))
}

// plain is a host name as it is compared: DNS knows no capitals, and allows a dot at
// the end.
func plain(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// leadsTo refuses a database at another address than the endpoint. The snapshot of
// another instance would be a backup of nothing that this release changes. The host of
// database.url stays out of the message: it may be a part of a secret.
func (k *Keeper) leadsTo(endpoint string) error {
	if endpoint == "" {
		return release.CannotTell("look at it in RDS, and run the job again", "RDS tells no endpoint of %s", k.of())
	}
	_, port, _ := net.SplitHostPort(endpoint) // is made by address
	for _, at := range k.leads {
		host, number, err := net.SplitHostPort(at)
		known := net.JoinHostPort(plain(host), number) == endpoint
		if alias := k.settings.Alias; alias != "" && plain(host) == plain(alias) && number == port {
			known = true
		}
		if err != nil || !known {
			return release.Refuse("name the instance or cluster that database.url leads to; or, where its host is another name of this one, set database.backup.external.rds.alias to that host",
				"database.url does not lead to %s: its endpoint is %s", k.of(), endpoint)
		}
	}
	return nil
}
