// Tests use ports, measure allocation and start processes: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
