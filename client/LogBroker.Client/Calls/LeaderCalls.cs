using LogBroker.Protocol;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// Makes unary calls to one server, or to the one that leads something: the answer NOT_LEADER says where that is. Thread-safe; the channels
/// belong to <see cref="BrokerCalls"/>.
/// </summary>
internal sealed class LeaderCalls(BrokerCalls calls)
{
    /// <summary>Two nodes that name each other are no way; after so many steps it is waited.</summary>
    private const int HopsMax = 3;

    /// <summary>Asks one server once, within <see cref="LogBrokerClientOptions.RequestTimeout"/>.</summary>
    /// <exception cref="LogBrokerException">It refuses or cannot be asked.</exception>
    public Task<TResponse> OneAsync<TRequest, TResponse>(
        string server, Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellation) =>
        OneAsync(server, method, request, new CallStory(server), calls.Options.RequestTimeout, cancellation);

    /// <summary>
    /// Asks the leader of something, wherever it moves, until <see cref="LogBrokerClientOptions.RequestTimeout"/> is over.
    /// </summary>
    /// <param name="method">The method; repeating it must be harmless.</param>
    /// <param name="request">The request.</param>
    /// <param name="find">Says where the leader is likely to be; null when nobody knows one.</param>
    /// <param name="addressOf">Says where a node is, when an answer names only its number.</param>
    /// <param name="what">What is led, for the message when nobody leads it.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LogBrokerException">The leader refuses, or none was found in time.</exception>
    public async Task<TResponse> AtLeaderAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        TRequest request,
        Func<CancellationToken, Task<string?>> find,
        Func<int, CancellationToken, Task<string?>> addressOf,
        string what,
        CancellationToken cancellation)
    {
        TimeProvider time = calls.Options.TimeProvider;
        long begin = time.GetTimestamp();
        string? server = null;
        for (int attempt = 1, hops = 0; ; attempt++)
        {
            LogBrokerException failure;
            try
            {
                server ??= await find(cancellation).ConfigureAwait(false)
                    ?? throw new LogBrokerException(ErrorCode.NotLeader, $"no leader of {what} is known");
                TimeSpan elapsed = time.GetElapsedTime(begin);
                return await OneAsync(
                    server,
                    method,
                    request,
                    new CallStory(server, Attempts: attempt, Elapsed: elapsed),
                    calls.Options.RequestTimeout - elapsed,
                    cancellation).ConfigureAwait(false);
            }
            catch (LogBrokerException e) when (e.IsRetriable && e.Reason != ErrorCode.Timeout)
            {
                failure = e;
                server = e.Reason == ErrorCode.NotLeader ? await NamedLeaderAsync(e, addressOf, cancellation).ConfigureAwait(false) : null;
            }

            if (server is not null && hops++ < HopsMax)
            {
                continue;
            }

            hops = 0;
            TimeSpan wait = calls.Retry.Wait(attempt, failure.RetryAfter);
            if (time.GetElapsedTime(begin) + wait >= calls.Options.RequestTimeout)
            {
                throw failure;
            }

            LogEvents.CallRetried(calls.Log, attempt, wait.TotalMilliseconds, failure.Message);
            await Task.Delay(wait, time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<string?> NamedLeaderAsync(
        LogBrokerException failure, Func<int, CancellationToken, Task<string?>> addressOf, CancellationToken cancellation)
    {
        if (!LeaderHint.TryRead(failure, out LeaderHint hint))
        {
            return null;
        }

        if (hint.Address is not null)
        {
            return hint.Address;
        }

        try
        {
            return await addressOf(hint.NodeId, cancellation).ConfigureAwait(false);
        }
        catch (LogBrokerException)
        {
            // Nobody can say it now: it is looked for anew after a wait.
            return null;
        }
    }

    private async Task<TResponse> OneAsync<TRequest, TResponse>(
        string server,
        Method<TRequest, TResponse> method,
        TRequest request,
        CallStory story,
        TimeSpan timeout,
        CancellationToken cancellation)
    {
        TimeSpan least = TimeSpan.FromMilliseconds(1);
        try
        {
            using AsyncUnaryCall<TResponse> call = calls.Channels.For(server, ChannelUse.Control).Unary(
                method, request, new CallOptions(timeout: timeout > least ? timeout : least, cancellationToken: cancellation));
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw CallErrors.ToException(e, story);
        }
    }
}
