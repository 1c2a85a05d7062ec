package rds

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

func (k *Keeper) list(ctx context.Context) ([]snapshot, error) {
	if k.settings.Cluster != "" {
		return k.ofCluster(ctx)
	}
	return k.ofInstance(ctx)
}

func (k *Keeper) ofInstance(ctx context.Context) (all []snapshot, err error) {
	pages := rds.NewDescribeDBSnapshotsPaginator(k.api, &rds.DescribeDBSnapshotsInput{DBInstanceIdentifier: &k.settings.Instance})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.DBSnapshots {
			all = append(all, snapshot{
				id: aws.ToString(s.DBSnapshotIdentifier), of: aws.ToString(s.DBInstanceIdentifier), status: aws.ToString(s.Status),
				engine: aws.ToString(s.Engine) + " " + aws.ToString(s.EngineVersion), at: aws.ToTime(cmp.Or(s.OriginalSnapshotCreateTime, s.SnapshotCreateTime)), // a copy is as old as what it is of
				gigabytes: aws.ToInt32(s.AllocatedStorage), encrypted: aws.ToBool(s.Encrypted),
			})
		}
	}
	return all, nil
}

func (k *Keeper) ofCluster(ctx context.Context) (all []snapshot, err error) {
	pages := rds.NewDescribeDBClusterSnapshotsPaginator(k.api, &rds.DescribeDBClusterSnapshotsInput{DBClusterIdentifier: &k.settings.Cluster})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.DBClusterSnapshots {
			all = append(all, snapshot{
				id: aws.ToString(s.DBClusterSnapshotIdentifier), of: aws.ToString(s.DBClusterIdentifier), status: aws.ToString(s.Status),
				engine: aws.ToString(s.Engine) + " " + aws.ToString(s.EngineVersion), at: aws.ToTime(s.SnapshotCreateTime),
				gigabytes: aws.ToInt32(s.AllocatedStorage), encrypted: aws.ToBool(s.StorageEncrypted),
				copied: s.SourceDBClusterSnapshotArn != nil,
			})
		}
	}
	return all, nil
}
