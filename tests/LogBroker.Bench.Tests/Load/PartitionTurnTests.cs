using LogBroker.Bench.Load;

namespace LogBroker.Bench.Tests.Load;

public sealed class PartitionTurnTests
{
    [Fact]
    public void Each_partition_gets_its_batch_before_the_next()
    {
        var turn = new PartitionTurn(3, first: 2, recordsPerTurn: 2);
        var seen = new List<int>();
        for (int i = 0; i < 7; i++)
        {
            seen.Add(turn.Current);
            turn.Advance();
        }

        Assert.Equal([2, 2, 0, 0, 1, 1, 2], seen);
    }

    [Theory]
    [InlineData(256 * 1024, 1024, 253)]
    [InlineData(256 * 1024, 100, 2382)]
    [InlineData(1024, 4096, 1)]
    public void A_turn_is_a_batch_of_records(int batchBytes, int valueBytes, int records) =>
        Assert.Equal(records, PartitionTurn.RecordsPerBatch(batchBytes, valueBytes));
}
