using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Server;

namespace LogBroker.EndToEnd.Tests;

/// <summary>One produce stream without a network.</summary>
public sealed class ProduceStreamTests
{
    /// <summary>A client that sent and never read its acks once made the broker keep all of them.</summary>
    [Fact]
    public async Task A_client_that_does_not_read_its_acks_is_held_back()
    {
        var limits = new StreamLimits(2, 1024, TimeSpan.FromHours(1), TimeSpan.FromSeconds(1), TimeProvider.System);
        using var stream = new ProduceStream(null!, limits);
        await stream.HandAsync(RefusedBatch(1), TestContext.Current.CancellationToken);
        await stream.HandAsync(RefusedBatch(2), TestContext.Current.CancellationToken);
        Task third = stream.HandAsync(RefusedBatch(3), TestContext.Current.CancellationToken).AsTask();
        Assert.False(third.IsCompleted);

        var written = new WrittenAnswers();
        Task sending = stream.SendAsync(written, TestContext.Current.CancellationToken);
        await third.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await stream.WhenAnsweredAsync(TestContext.Current.CancellationToken);
        stream.Complete();
        await sending;
        Assert.Equal([1UL, 2, 3], written.CorrelationIds);
    }

    private static ProduceIn RefusedBatch(ulong id) => new()
    {
        Kind = ProduceRequestKind.Batch,
        Head = new ProduceHead(id, "t", 0, (LogBroker.Protocol.V1.RequiredAcks)99, 0, 0),
    };

    private sealed class WrittenAnswers : IServerStreamWriter<ProduceOut>
    {
        public List<ulong> CorrelationIds { get; } = [];

        public ValueTask WriteAsync(ProduceOut message, WriteHint hint = WriteHint.Flush, CancellationToken cancellationToken = default)
        {
            CorrelationIds.Add(message.Ack.CorrelationId);
            return ValueTask.CompletedTask;
        }

        public ValueTask FlushAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
