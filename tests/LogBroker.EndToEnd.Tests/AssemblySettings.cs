// Tests start brokers and measure what they do to disks and ports: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
