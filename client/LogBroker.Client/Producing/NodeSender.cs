using System.Threading.Channels;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// Sends the batches of all partitions that one server leads: a loop that takes one batch of each partition in turn and keeps one
/// stream open. A partition that has gone over to another sender meanwhile is passed over. A new stream is opened only after all batches
/// of the last one have gone back to their partitions, so nothing overtakes.
/// </summary>
internal sealed class NodeSender
{
    /// <summary>How long a stream may take to end after the last batch.</summary>
    private static readonly TimeSpan GoodbyeTime = TimeSpan.FromSeconds(2);

    private readonly ProducerCore _core;
    /// <summary>Partitions with something to send; null to look at the stream alone.</summary>
    private readonly Channel<PartitionQueue?> _ready = Channel.CreateUnbounded<PartitionQueue?>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = false });

    private readonly Task _loop;
    private volatile ProduceStream? _stream;
    private LogBrokerException? _openFailure;
    private int _openFailures;
    private long _openNotBefore;

    public NodeSender(ProducerCore core, string server)
    {
        _core = core;
        Server = server;
        _loop = Task.Run(RunAsync);
    }

    public string Server { get; }

    /// <summary>Hands over a partition that has something to send.</summary>
    public void Post(PartitionQueue partition)
    {
        if (!_ready.Writer.TryWrite(partition))
        {
            partition.BackOff(this, new LogBrokerException(ErrorCode.ShuttingDown, "the producer is disposed of"));
        }
    }

    /// <summary>The server ends the stream: there may be nothing more to send that would make the loop notice.</summary>
    private void OnLeaving() => _ready.Writer.TryWrite(null);

    /// <summary>Breaks the stream: its batches are sent again over another one.</summary>
    public void Break(LogBrokerException why) => _stream?.Abort(why);

    /// <summary>Ends the loop and closes the stream. What is unanswered then is lost.</summary>
    public async Task CloseAsync()
    {
        _ready.Writer.TryComplete();
        await EndsInTimeAsync(_loop).ConfigureAwait(false);
        if (_stream is { } stream)
        {
            await stream.CompleteAsync().ConfigureAwait(false);
            await EndsInTimeAsync(stream.Ended).ConfigureAwait(false);
        }
    }

    /// <summary>Waits a little for an end that a good server makes come, then breaks the stream, which makes it come too.</summary>
    private async Task EndsInTimeAsync(Task end)
    {
        try
        {
            await end.WaitAsync(GoodbyeTime, _core.Clock).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Break(new LogBrokerException(ErrorCode.ShuttingDown, $"{Server} did not end the stream in time") { Endpoint = Server });
            await end.ConfigureAwait(false);
        }
    }

    private async Task RunAsync()
    {
        ChannelReader<PartitionQueue?> ready = _ready.Reader;
        while (await ready.WaitToReadAsync().ConfigureAwait(false))
        {
            while (ready.TryRead(out PartitionQueue? partition))
            {
                if (partition is null)
                {
                    continue;
                }

                try
                {
                    await ServeAsync(partition).ConfigureAwait(false);
                }
                catch (Exception e)
                {
                    LogEvents.SenderFailed(_core.Log, Server, e);
                    partition.BackOff(this, new LogBrokerException(ErrorCode.Internal, e.Message, e));
                }
            }

            if (_stream is { IsUsable: true } stream)
            {
                await stream.FlushAsync().ConfigureAwait(false);
            }
            else if (_stream is { } leaving)
            {
                // The server waits for this word before it stops.
                await leaving.CompleteAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask ServeAsync(PartitionQueue partition)
    {
        if (!partition.IsOwnedBy(this))
        {
            return;
        }

        ProduceStream? stream = _stream is { IsUsable: true } open ? open : await OpenAsync().ConfigureAwait(false);
        if (stream is null)
        {
            partition.BackOff(this, _openFailure!);
            return;
        }

        await stream.WaitForRoomAsync().ConfigureAwait(false);
        if (!IsLeaderOf(partition, out int leaderEpoch))
        {
            if (partition.IsOwnedBy(this))
            {
                _core.Schedule(partition);
            }

            return;
        }

        TakeOutcome outcome = partition.TryTake(this, leaderEpoch, out ProducerBatch? batch, out int attempt, out bool hasMore);
        if (outcome == TakeOutcome.Batch)
        {
            await stream.SendAsync(batch!, attempt, leaderEpoch).ConfigureAwait(false);
            _core.DropBatch(batch!);
            if (hasMore)
            {
                Post(partition);
            }
        }
        else if (outcome != TakeOutcome.Nothing)
        {
            // Not awaited: it may take an election of the controller, and other partitions have what they need.
            _ = _core.AdoptAsync(partition, outcome);
        }
    }

    private bool IsLeaderOf(PartitionQueue partition, out int leaderEpoch)
    {
        LeaderPlace? leader = _core.Metadata.LeaderOf(partition.Topic, partition.Partition);
        leaderEpoch = leader?.Epoch ?? 0;
        return leader is { } place && string.Equals(place.Server, Server, StringComparison.OrdinalIgnoreCase);
    }

    private async ValueTask<ProduceStream?> OpenAsync()
    {
        if (_stream is { } old)
        {
            // Its batches must be back in their partitions before anything is sent over another stream.
            await old.CompleteAsync().ConfigureAwait(false);
            await EndsInTimeAsync(old.Ended).ConfigureAwait(false);
            if (old.ReturnAfter > TimeSpan.Zero)
            {
                _openNotBefore = _core.Now() + _core.Ticks(old.ReturnAfter);
                _openFailure = new LogBrokerException(ErrorCode.ShuttingDown, $"{Server} is stopping") { Endpoint = Server };
            }

            _stream = null;
        }

        if (_core.Now() < _openNotBefore)
        {
            return null;
        }

        try
        {
            _stream = await ProduceStream.OpenAsync(_core, Server, OnLeaving).ConfigureAwait(false);
            _openFailures = 0;
            _openNotBefore = 0;
            return _stream;
        }
        catch (LogBrokerException e)
        {
            _openFailure = e;
            _openFailures++;
            _openNotBefore = _core.Now() + _core.Ticks(_core.Retry.Wait(_openFailures, e.RetryAfter));
            _core.LeadersAreInDoubt(Server, isUnreachable: e is ServerUnreachableException);
            return null;
        }
    }
}
