using LogBroker.Protocol;
using LogBroker.Rpc;
using Microsoft.Extensions.Logging;

namespace LogBroker.Client;

/// <summary>
/// Makes unary calls to any server that can be reached, or to the controller, with retries. Owns the channels and the book of servers.
/// Thread-safe.
/// </summary>
internal sealed class BrokerCalls : IDisposable
{
    /// <summary>How often in one round the word of a server about who is the controller is taken.</summary>
    private const int HopsMax = 4;

    private readonly LogBrokerClientOptions _options;
    private readonly RetryPolicy _retry;
    private readonly ILogger _log;
    private volatile string? _controller;

    public BrokerCalls(LogBrokerClientOptions options)
    {
        _options = options;
        _retry = new RetryPolicy(options);
        _log = options.LoggerFactory.CreateLogger(Telemetry.Name);
        Servers = new ServerBook(ServerList.Parse(options.Servers), options.TimeProvider);
        Channels = new ChannelPool(options);
    }

    /// <summary>Which servers there are.</summary>
    public ServerBook Servers { get; }

    public ChannelPool Channels { get; }

    public LogBrokerClientOptions Options => _options;

    public RetryPolicy Retry => _retry;

    public ILogger Log => _log;

    /// <summary>
    /// Asks one server after the other until one answers; begins anew, with waits, while <see
    /// cref="LogBrokerClientOptions.ConnectTimeout"/>
    /// is not over for unreachable servers, or <see cref="LogBrokerClientOptions.RequestTimeout"/> for answers that are retriable.
    /// </summary>
    /// <exception cref="OutcomeUnknownException">The answer was lost and repeating the request may do harm.</exception>
    /// <exception cref="LogBrokerException">It was refused, or nobody can be asked.</exception>
    public async Task<(TResponse Response, string Server)> AskAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, CallRules rules, CancellationToken cancellation)
    {
        long begin = _options.TimeProvider.GetTimestamp();
        LogBrokerException? said = null;
        for (int attempt = 1; ; attempt++)
        {
            string? first = rules.NeedsController && _controller is { } known && !Servers.IsTroubled(known) ? known : null;
            var round = new Round(Servers.InOrder(rules.IsElsewhere || attempt > 1), first);
            while (round.TryNext(Servers, out string? server))
            {
                var story = new CallStory(server, rules.Topic, null, attempt, _options.TimeProvider.GetElapsedTime(begin));
                try
                {
                    TimeSpan timeout = TimeoutOf(rules, attempt, story.Elapsed);
                    using AsyncUnaryCall<TResponse> call = Channels.For(server, ChannelUse.Control).Unary(
                        method, request, new CallOptions(timeout: timeout, cancellationToken: cancellation));
                    TResponse response = await call.ResponseAsync.ConfigureAwait(false);
                    Servers.Answered(server);
                    _controller = rules.NeedsController ? server : _controller;
                    return (response, server);
                }
                catch (RpcException e)
                {
                    cancellation.ThrowIfCancellationRequested();
                    story = story with { Elapsed = _options.TimeProvider.GetElapsedTime(begin) };
                    LogBrokerException failure = CallErrors.ToException(e, story);
                    Judge(e, failure, rules);
                    round.Add(failure, rules.NeedsController ? AddressOfController(failure) : null);
                }
            }

            // What a server said in time says more than that the rest of the time was too short for another answer.
            LogBrokerException why = round.Failure!.Reason == ErrorCode.Timeout && said is not null ? said : round.Failure;
            said = why is ServerUnreachableException ? said : why;
            await WaitOrThrow(why, begin, attempt, round.Asked, cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => Channels.Dispose();

    private TimeSpan TimeoutOf(CallRules rules, int attempt, TimeSpan elapsed)
    {
        TimeSpan left = Max(_options.RequestTimeout - elapsed, TimeSpan.FromMilliseconds(1));
        return rules is { IsRepeatable: true, AttemptTimeout: { } first } && Servers.HasSeveral
            ? Min(left, CallRules.Growing(first, attempt))
            : left;
    }

    /// <summary>Takes note of how a server fares, and throws when the request must not be repeated.</summary>
    private void Judge(RpcException e, LogBrokerException failure, CallRules rules)
    {
        bool isUnreachable = failure is ServerUnreachableException;
        if (isUnreachable)
        {
            Servers.Failed(failure.Endpoint!);
        }
        else if (failure.Reason == ErrorCode.Timeout)
        {
            Servers.Doubt(failure.Endpoint!);
        }

        // A deadline without details passed here: the server may have gone on.
        bool isLost = isUnreachable ? !CallErrors.WasNeverSent(e) : failure.Reason == ErrorCode.Timeout && e.RpcStatus is null;
        if (isLost && !rules.IsRepeatable)
        {
            throw new OutcomeUnknownException($"what was asked for may or may not have been done: {failure.Message}", failure)
            {
                Topic = failure.Topic,
                Endpoint = failure.Endpoint,
                Attempts = failure.Attempts,
                Elapsed = failure.Elapsed,
            };
        }

        bool mayGoOn = isUnreachable
            || (failure.Reason is ErrorCode.Timeout or ErrorCode.OutcomeUnknown ? rules.IsRepeatable : failure.IsRetriable);
        if (!mayGoOn)
        {
            throw failure;
        }
    }

    private string? AddressOfController(LogBrokerException failure) =>
        LeaderHint.TryRead(failure, out LeaderHint hint) ? hint.Address ?? Servers.AddressOf(hint.NodeId) : null;

    private async Task WaitOrThrow(
        LogBrokerException failure, long begin, int attempt, IReadOnlyCollection<string> servers, CancellationToken cancellation)
    {
        TimeSpan limit = failure is ServerUnreachableException
            ? Min(_options.ConnectTimeout, _options.RequestTimeout)
            : _options.RequestTimeout;
        TimeSpan wait = _retry.Wait(attempt, failure.RetryAfter);
        TimeSpan elapsed = _options.TimeProvider.GetElapsedTime(begin);
        if (elapsed + wait >= limit)
        {
            throw failure is ServerUnreachableException && servers.Count > 1
                ? new ServerUnreachableException($"none of {string.Join(", ", servers)} can be reached; {failure.Message}", failure)
                {
                    Topic = failure.Topic,
                    Endpoint = failure.Endpoint,
                    Attempts = attempt,
                    Elapsed = elapsed,
                }
                : failure;
        }

        LogEvents.CallRetried(_log, attempt, wait.TotalMilliseconds, failure.Message);
        await Task.Delay(wait, _options.TimeProvider, cancellation).ConfigureAwait(false);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>
    /// One walk over the servers: each is asked at most once, those that are left alone only while nobody has answered. Owned by its
    /// call.
    /// </summary>
    private sealed class Round(List<string> servers, string? first)
    {
        private readonly HashSet<string> _asked = new(StringComparer.OrdinalIgnoreCase);
        private string? _next = first;
        private int _place;
        private int _hops;
        private bool _isAnswered;

        /// <summary>What says most: a server that says something before one that cannot be reached.</summary>
        public LogBrokerException? Failure { get; private set; }

        public IReadOnlyCollection<string> Asked => _asked;

        public bool TryNext(ServerBook book, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? server)
        {
            server = _next;
            _next = null;
            if (server is not null && _asked.Add(server))
            {
                return true;
            }

            while (_place < servers.Count)
            {
                server = servers[_place++];
                if (!(_isAnswered && book.IsTroubled(server)) && _asked.Add(server))
                {
                    return true;
                }
            }

            return false;
        }

        public void Add(LogBrokerException failure, string? hint)
        {
            _isAnswered |= failure is not ServerUnreachableException;
            Failure = Failure is null or ServerUnreachableException ? failure : Failure;
            if (hint is not null && _hops < HopsMax && !_asked.Contains(hint))
            {
                _hops++;
                _next = hint;
            }
        }
    }
}
