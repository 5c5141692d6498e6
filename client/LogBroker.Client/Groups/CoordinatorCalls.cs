using System.Globalization;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// Makes calls to the coordinator of one group, wherever it moves: any node names it, and a node that is not it names it as well.
/// Thread-safe.
/// </summary>
internal sealed class CoordinatorCalls(BrokerCalls calls, string group)
{
    /// <summary>Two nodes that name each other are no way; after so many steps it is waited.</summary>
    private const int HopsMax = 3;

    private volatile string? _server;

    /// <summary>Where the coordinator is by what is known; asked for when nothing is.</summary>
    /// <exception cref="LogBrokerException">Nobody knows it, or nobody can be asked.</exception>
    public async ValueTask<string> FindAsync(CancellationToken cancellation)
    {
        if (_server is { } known)
        {
            return known;
        }

        var rules = new CallRules(null, IsRepeatable: true, AttemptTimeout: CallRules.WorkTimeout);
        (FindCoordinatorResponse found, _) = await calls.AskAsync(
            GroupMethods.FindCoordinator, new FindCoordinatorRequest { Group = group }, rules, cancellation).ConfigureAwait(false);
        string server = calls.Servers.AddressOf(found.NodeId)
            ?? ServerList.TryParseOne(found.GrpcAddress)
            ?? throw new LogBrokerException(
                ErrorCode.NotCoordinator,
                $"the coordinator of group {ShownValue.Of(group)} is node {found.NodeId}, whose address is not known");
        _server = server;
        return server;
    }

    /// <summary>
    /// Learns from a failure where the coordinator is, or that it is not where it was. True when another one is known now.
    /// </summary>
    public bool TakeHint(LogBrokerException failure)
    {
        string? failed = failure.Endpoint;
        if (failure is ServerUnreachableException && failed is not null)
        {
            calls.Servers.Failed(failed);
        }
        else if (failure.Reason == ErrorCode.Timeout && failed is not null)
        {
            calls.Servers.Doubt(failed);
        }

        if (failure.Reason == ErrorCode.CoordinatorLoading)
        {
            return false;
        }

        string? named = failure.Reason == ErrorCode.NotCoordinator ? NamedIn(failure) : null;
        bool isOther = named is not null && !string.Equals(named, failed, StringComparison.OrdinalIgnoreCase);
        if (isOther)
        {
            _server = named;
        }
        else if (failed is null || string.Equals(_server, failed, StringComparison.OrdinalIgnoreCase))
        {
            _server = null;
        }

        return isOther;
    }

    /// <summary>
    /// Asks the coordinator, again and again while it moves or loads, until a time is over. Repeating it must be harmless.
    /// </summary>
    /// <param name="method">The method.</param>
    /// <param name="request">Makes the request, anew for each attempt.</param>
    /// <param name="limit">The time; at most <see cref="LogBrokerClientOptions.RequestTimeout"/>.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LogBrokerException">The coordinator refuses, or was not found in time.</exception>
    public async Task<TResponse> AskAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, Func<TRequest> request, TimeSpan limit, CancellationToken cancellation)
    {
        TimeProvider time = calls.Options.TimeProvider;
        limit = limit < calls.Options.RequestTimeout ? limit : calls.Options.RequestTimeout;
        long begin = time.GetTimestamp();
        for (int attempt = 1, hops = 0; ; attempt++)
        {
            LogBrokerException failure;
            try
            {
                string server = await FindAsync(cancellation).ConfigureAwait(false);
                TimeSpan left = limit - time.GetElapsedTime(begin);
                return await OnceAsync(server, method, request(), attempt, begin, left, cancellation).ConfigureAwait(false);
            }
            catch (LogBrokerException e) when (MayRepeat(e))
            {
                failure = e;
            }

            if (TakeHint(failure) && hops++ < HopsMax)
            {
                continue;
            }

            hops = 0;
            TimeSpan wait = calls.Retry.Wait(attempt, failure.RetryAfter);
            TimeSpan most = failure is ServerUnreachableException && calls.Options.ConnectTimeout < limit
                ? calls.Options.ConnectTimeout
                : limit;
            if (time.GetElapsedTime(begin) + wait >= most)
            {
                throw failure;
            }

            LogEvents.CallRetried(calls.Log, attempt, wait.TotalMilliseconds, failure.Message);
            await Task.Delay(wait, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>True when the same request may succeed in a moment. What a person must change first is not that.</summary>
    public static bool MayRepeat(LogBrokerException failure) =>
        failure.Reason is ErrorCode.NotCoordinator or ErrorCode.CoordinatorLoading or ErrorCode.OutcomeUnknown
        || (failure.IsRetriable && failure.Reason is not (
            ErrorCode.UnknownMember or ErrorCode.FencedMemberEpoch or ErrorCode.GroupNotEmpty or ErrorCode.GroupFull));

    private async Task<TResponse> OnceAsync<TRequest, TResponse>(
        string server,
        Method<TRequest, TResponse> method,
        TRequest request,
        int attempt,
        long begin,
        TimeSpan left,
        CancellationToken cancellation)
    {
        TimeSpan timeout = CallRules.Growing(CallRules.WorkTimeout, attempt);
        timeout = timeout < left && calls.Servers.HasSeveral ? timeout : left;
        timeout = timeout > TimeSpan.FromMilliseconds(1) ? timeout : TimeSpan.FromMilliseconds(1);
        try
        {
            using AsyncUnaryCall<TResponse> call = calls.Channels.For(server, ChannelUse.Control).Unary(
                method, request, new CallOptions(timeout: timeout, cancellationToken: cancellation));
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            cancellation.ThrowIfCancellationRequested();
            TimeSpan elapsed = calls.Options.TimeProvider.GetElapsedTime(begin);
            throw CallErrors.ToException(e, new CallStory(server, Attempts: attempt, Elapsed: elapsed));
        }
    }

    private string? NamedIn(LogBrokerException failure)
    {
        IReadOnlyDictionary<string, string> details = failure.Details;
        string? text = details.GetValueOrDefault("coordinatorNodeId");
        int node = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
        string? address = details.GetValueOrDefault("coordinatorAddress") is { } named ? ServerList.TryParseOne(named) : null;
        return (node > 0 ? calls.Servers.AddressOf(node) : null) ?? address;
    }
}
