using System.Globalization;
using LogBroker.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LogBroker.Client.Extensions;

/// <summary>What a health check looks at besides the cluster itself.</summary>
public sealed class LogBrokerHealthOptions
{
    /// <summary>Groups whose lag is looked at; none by default.</summary>
    public IList<string> Groups { get; } = [];

    /// <summary>More records of lag than this are degraded. Default 10,000; null for no bound.</summary>
    public long? LagDegraded { get; set; } = 10_000;

    /// <summary>More records of lag than this are unhealthy. Default null: no bound.</summary>
    public long? LagUnhealthy { get; set; }

    /// <summary>
    /// A record that waits for longer than this is degraded. Default null: no bound, and no reads to find it out.
    /// </summary>
    public TimeSpan? LagTimeDegraded { get; set; }

    /// <summary>Checks the bounds.</summary>
    /// <exception cref="ArgumentException">A bound is negative.</exception>
    public void Validate()
    {
        if (LagDegraded < 0 || LagUnhealthy < 0 || LagTimeDegraded < TimeSpan.Zero)
        {
            throw new ArgumentException("a bound of lag is negative; use null for no bound");
        }
    }
}

/// <summary>Registers the health check.</summary>
public static class LogBrokerHealth
{
    /// <summary>
    /// Adds a check of the application's client: nobody can be reached is unhealthy (or <paramref name="failureStatus"/>), a cluster that
    /// says it is not healthy is degraded, and so is a group that is too far behind. It asks over the client's own connections and makes
    /// none per probe.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Names groups and bounds; null for the cluster alone.</param>
    /// <param name="serviceKey">The key of the client; null for the one without.</param>
    /// <param name="name">The name of the check; null for <c>logbroker</c>, with the key behind a dash when there is one.</param>
    /// <param name="failureStatus">What a failure is reported as; null for unhealthy.</param>
    /// <param name="tags">Tags of the check.</param>
    /// <param name="timeout">How long it may take; null for as long as the client's own timeouts.</param>
    public static IHealthChecksBuilder AddLogBroker(
        this IHealthChecksBuilder builder,
        Action<LogBrokerHealthOptions>? configure = null,
        string? serviceKey = null,
        string? name = null,
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new LogBrokerHealthOptions();
        configure?.Invoke(options);
        options.Validate();
        return builder.Add(new HealthCheckRegistration(
            name ?? (serviceKey is null ? "logbroker" : "logbroker-" + serviceKey),
            provider => new LogBrokerHealthCheck(
                serviceKey is null
                    ? provider.GetRequiredService<LogBrokerClient>()
                    : provider.GetRequiredKeyedService<LogBrokerClient>(serviceKey),
                options),
            failureStatus,
            tags,
            timeout));
    }
}

/// <summary>The check.</summary>
internal sealed class LogBrokerHealthCheck(LogBrokerClient client, LogBrokerHealthOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            ClusterStatus status = await client.Cluster.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var data = new Dictionary<string, object> { ["cluster"] = status.Summary };
            HealthStatus worst = status.IsHealthy ? HealthStatus.Healthy : HealthStatus.Degraded;
            var words = new List<string> { status.Summary };
            foreach (string group in options.Groups)
            {
                HealthStatus one = await LookAsync(group, data, words, cancellationToken).ConfigureAwait(false);
                worst = one < worst ? one : worst;
            }

            worst = worst == HealthStatus.Unhealthy ? context.Registration.FailureStatus : worst;
            return new HealthCheckResult(worst, string.Join("; ", words), data: data);
        }
        catch (LogBrokerException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }

    private async Task<HealthStatus> LookAsync(
        string group, Dictionary<string, object> data, List<string> words, CancellationToken cancellation)
    {
        GroupLag lag;
        try
        {
            lag = await client.Groups.GetLagAsync(group, options.LagTimeDegraded is not null, cancellation).ConfigureAwait(false);
        }
        catch (LogBrokerException e) when (e.Reason == ErrorCode.UnknownGroup)
        {
            words.Add($"group {group} has not begun");
            return HealthStatus.Healthy;
        }

        data["lag." + group] = lag.Records;
        bool isLate = options.LagTimeDegraded is { } limit && lag.Time > limit;
        HealthStatus status = lag.Records > options.LagUnhealthy ? HealthStatus.Unhealthy
            : lag.Records > options.LagDegraded || isLate ? HealthStatus.Degraded
            : HealthStatus.Healthy;
        if (status != HealthStatus.Healthy)
        {
            string time = isLate ? string.Create(CultureInfo.InvariantCulture, $" and {lag.Time.TotalSeconds:0} s") : string.Empty;
            words.Add(string.Create(CultureInfo.InvariantCulture, $"group {group} is {lag.Records} records{time} behind"));
        }

        return status;
    }
}
