using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// One open Join stream. Read by the task that serves it; heartbeats are written by a loop of its own, at the interval that the server asks
/// for and whenever what is held has changed.
/// </summary>
internal sealed class GroupStream : IAsyncDisposable
{
    private const int IntervalMsDefault = 3_000;

    private readonly BrokerCalls _calls;
    private readonly AsyncDuplexStreamingCall<JoinRequest, JoinResponse> _call;
    private readonly Func<int, JoinHeartbeat> _heartbeat;
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _due = new(0, 1);
    private int _intervalMs = IntervalMsDefault;
    private Task _writing = Task.CompletedTask;
    private int _seen;

    private GroupStream(
        BrokerCalls calls,
        string server,
        AsyncDuplexStreamingCall<JoinRequest, JoinResponse> call,
        Func<int, JoinHeartbeat> heartbeat,
        CancellationToken cancellation)
    {
        _calls = calls;
        Server = server;
        _call = call;
        _heartbeat = heartbeat;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>HOST:PORT.</summary>
    public string Server { get; }

    /// <summary>Opens a stream and sends the first message.</summary>
    /// <param name="calls">Channels and clock.</param>
    /// <param name="server">HOST:PORT of the coordinator.</param>
    /// <param name="open">The first message.</param>
    /// <param name="heartbeat">Makes a heartbeat from the number of the last assignment acted on, and what is held at that moment.</param>
    /// <param name="cancellation">Ends the stream.</param>
    public static async Task<GroupStream> OpenAsync(
        BrokerCalls calls, string server, JoinOpen open, Func<int, JoinHeartbeat> heartbeat, CancellationToken cancellation)
    {
        AsyncDuplexStreamingCall<JoinRequest, JoinResponse> call = calls.Channels.For(server, ChannelUse.Control)
            .Duplex(GroupMethods.Join, new CallOptions(cancellationToken: cancellation));
        var stream = new GroupStream(calls, server, call, heartbeat, cancellation);
        try
        {
            await call.RequestStream.WriteAsync(new JoinRequest { Open = open }, WriteHint.Flush, cancellation).ConfigureAwait(false);
        }
        catch (RpcException)
        {
            // Why the call failed is told where its responses are read.
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return stream;
    }

    /// <summary>The next message of the server; null when it ended the stream.</summary>
    /// <param name="silence">How long the server may say nothing.</param>
    /// <exception cref="LogBrokerException">The stream broke, was refused, or the server is silent.</exception>
    public async Task<JoinResponse?> ReadAsync(TimeSpan silence)
    {
        Task<bool> moving = _call.ResponseStream.MoveNext(_stop.Token).AsTask();
        try
        {
            return await moving.WaitAsync(silence, _calls.Options.TimeProvider, _stop.Token).ConfigureAwait(false)
                ? _call.ResponseStream.Current
                : null;
        }
        catch (RpcException e)
        {
            _stop.Token.ThrowIfCancellationRequested();
            throw CallErrors.ToException(e, new CallStory(Server));
        }
        catch (TimeoutException e)
        {
            _ = moving.ContinueWith(static late => _ = late.Exception, TaskScheduler.Default);
            throw new ServerUnreachableException($"{Server} has said nothing for {silence.TotalSeconds:0.#} s", e) { Endpoint = Server };
        }
    }

    /// <summary>The server has answered: heartbeats begin, or go on at another interval.</summary>
    public void BeatEvery(TimeSpan interval)
    {
        Volatile.Write(ref _intervalMs, interval > TimeSpan.Zero ? (int)interval.TotalMilliseconds : IntervalMsDefault);
        if (_writing.IsCompleted)
        {
            _writing = BeatAsync();
        }
    }

    /// <summary>An assignment of this stream was acted on: a heartbeat says so now.</summary>
    public void Acted(int number)
    {
        Volatile.Write(ref _seen, number);
        try
        {
            _due.Release();
        }
        catch (SemaphoreFullException)
        {
            // One is due already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _call.Dispose();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task BeatAsync()
    {
        try
        {
            while (true)
            {
                await _due.WaitAsync(Volatile.Read(ref _intervalMs), _stop.Token).ConfigureAwait(false);
                var beat = new JoinRequest { Heartbeat = _heartbeat(Volatile.Read(ref _seen)) };
                await _call.RequestStream.WriteAsync(beat, WriteHint.Flush, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException)
        {
            // The reading side says why the stream ended.
        }
    }
}
