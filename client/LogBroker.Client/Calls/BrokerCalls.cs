using LogBroker.Protocol;
using LogBroker.Rpc;
using Microsoft.Extensions.Logging;

namespace LogBroker.Client;

/// <summary>
/// Makes unary calls to any server that can be reached, with retries. Owns the channels and the order in which servers are asked:
/// the one that answered last comes first. Thread-safe.
/// </summary>
internal sealed class BrokerCalls : IDisposable
{
    private readonly LogBrokerClientOptions _options;
    private readonly RetryPolicy _retry;
    private readonly ILogger _log;
    private volatile string[] _servers;

    public BrokerCalls(LogBrokerClientOptions options)
    {
        _options = options;
        _retry = new RetryPolicy(options);
        _log = options.LoggerFactory.CreateLogger(Telemetry.Name);
        _servers = [.. ServerList.Parse(options.Servers)];
        Bootstrap = _servers;
        Channels = new ChannelPool(options);
    }

    /// <summary>The servers of the options.</summary>
    public IReadOnlyList<string> Bootstrap { get; }

    public ChannelPool Channels { get; }

    public LogBrokerClientOptions Options => _options;

    public RetryPolicy Retry => _retry;

    public ILogger Log => _log;

    /// <summary>Adds servers that metadata named, behind those known already.</summary>
    public void Learn(IEnumerable<string> addresses) =>
        _servers = [.. _servers.Concat(addresses).Distinct(StringComparer.OrdinalIgnoreCase).Take(64)];

    /// <summary>
    /// Asks one server after the other until one answers; begins anew, with waits, while <see
    /// cref="LogBrokerClientOptions.ConnectTimeout"/>
    /// is not over for unreachable servers, or <see cref="LogBrokerClientOptions.RequestTimeout"/> for answers that are retriable.
    /// </summary>
    /// <param name="method">The method.</param>
    /// <param name="request">The request.</param>
    /// <param name="topic">What it is about, for the exception.</param>
    /// <param name="isRepeatable">True when repeating a request whose answer was lost is harmless.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<(TResponse Response, string Server)> AnyServerAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, string? topic, bool isRepeatable, CancellationToken cancellation)
    {
        long begin = _options.TimeProvider.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            LogBrokerException? failure = null;
            string[] servers = _servers;
            foreach (string server in servers)
            {
                TimeSpan left = _options.RequestTimeout - _options.TimeProvider.GetElapsedTime(begin);
                var story = new CallStory(server, topic, null, attempt, _options.TimeProvider.GetElapsedTime(begin));
                try
                {
                    using AsyncUnaryCall<TResponse> call = Channels.For(server, ChannelUse.Control).Unary(
                        method,
                        request,
                        new CallOptions(timeout: Max(left, TimeSpan.FromMilliseconds(1)), cancellationToken: cancellation));
                    TResponse response = await call.ResponseAsync.ConfigureAwait(false);
                    Prefer(server, servers);
                    return (response, server);
                }
                catch (RpcException e)
                {
                    cancellation.ThrowIfCancellationRequested();
                    story = story with { Elapsed = _options.TimeProvider.GetElapsedTime(begin) };
                    failure = Choose(failure, CallErrors.ToException(e, story));
                    if (!MayGoOn(e, failure, isRepeatable))
                    {
                        throw failure;
                    }
                }
            }

            await WaitOrThrow(failure!, begin, attempt, servers, cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => Channels.Dispose();

    /// <summary>A server that says something says more than one that cannot be reached.</summary>
    private static LogBrokerException Choose(LogBrokerException? first, LogBrokerException second) =>
        first is null || first is ServerUnreachableException ? second : first;

    private static bool MayGoOn(RpcException e, LogBrokerException failure, bool isRepeatable) =>
        failure is ServerUnreachableException ? isRepeatable || CallErrors.WasNeverSent(e)
        : failure.Reason == ErrorCode.Timeout ? isRepeatable
        : failure.IsRetriable;

    private async Task WaitOrThrow(
        LogBrokerException failure, long begin, int attempt, string[] servers, CancellationToken cancellation)
    {
        TimeSpan limit = failure is ServerUnreachableException
            ? Min(_options.ConnectTimeout, _options.RequestTimeout)
            : _options.RequestTimeout;
        TimeSpan wait = _retry.Wait(attempt, failure.RetryAfter);
        TimeSpan elapsed = _options.TimeProvider.GetElapsedTime(begin);
        if (elapsed + wait >= limit)
        {
            throw failure is ServerUnreachableException && servers.Length > 1
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

    private void Prefer(string server, string[] asked)
    {
        if (asked[0] != server)
        {
            _servers = [server, .. _servers.Where(s => s != server)];
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
