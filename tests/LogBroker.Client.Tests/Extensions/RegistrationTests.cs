using LogBroker.Client.Extensions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace LogBroker.Client.Tests;

/// <summary>The client in a service collection.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public async Task SettingsAreBoundAndTheClientIsOneForAll()
    {
        var services = new ServiceCollection();
        services.AddLogBroker(Section(("Servers", "a:1,b:2"), ("RequestTimeout", "00:00:07"), ("rack", "r1")), s => s.ClientId = "billing");
        await using ServiceProvider provider = services.BuildServiceProvider();
        LogBrokerClient client = provider.GetRequiredService<LogBrokerClient>();
        Assert.Same(client, provider.GetRequiredService<LogBrokerClient>());
        Assert.Equal(
            ("a:1,b:2", TimeSpan.FromSeconds(7), "r1", "billing", TimeSpan.FromSeconds(10)),
            (client.Options.Servers, client.Options.RequestTimeout, client.Options.Rack, client.Options.ClientId,
                client.Options.ConnectTimeout));
    }

    [Fact]
    public async Task SeveralClustersHaveKeys()
    {
        var services = new ServiceCollection();
        services.AddLogBroker(s => s.Servers = "main:1");
        services.AddKeyedLogBroker("audit", Section(("Servers:0", "audit-1:1"), ("Servers:1", "audit-2:1")));
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal("main:1", provider.GetRequiredService<LogBrokerClient>().Options.Servers);
        Assert.Equal("audit-1:1,audit-2:1", provider.GetRequiredKeyedService<LogBrokerClient>("audit").Options.Servers);
        Assert.Null(provider.GetKeyedService<LogBrokerClient>("other"));
    }

    [Theory]
    [InlineData("Serverz", "a:1", "LogBroker:Serverz is no setting")]
    [InlineData("RequestTimeout", "soon", "LogBroker:RequestTimeout is \"soon\"")]
    [InlineData("RequestTimeout", "02:00:00", "RequestTimeout is 02:00:00; it must be from")]
    [InlineData("Servers", "", "the list of servers is empty")]
    [InlineData("ClientId", "", "ClientId \"\" has 0 bytes")]
    public async Task WhatIsWrongIsRefusedByName(string key, string value, string words)
    {
        var services = new ServiceCollection();
        services.AddLogBroker(Section((key, value)));
        await using ServiceProvider provider = services.BuildServiceProvider();
        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(
            () => provider.GetRequiredService<LogBrokerClient>());
        Assert.Contains(words, refused.Message);
        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
    }

    [Fact]
    public async Task TheHealthCheckKnowsTheClusterAndLag()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10);
        await (await client.Groups.PlanResetAsync("slow", Position.At(3), ["t"])).ApplyAsync();
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(broker, static o => o.Groups.Add("nobody"))).Status);
        HealthReportEntry behind = await CheckAsync(broker, static o =>
        {
            o.Groups.Add("slow");
            o.LagDegraded = 6;
        });
        Assert.Equal(HealthStatus.Degraded, behind.Status);
        Assert.Contains("group slow is 7 records behind", behind.Description);
        Assert.Equal(7L, behind.Data["lag.slow"]);
        HealthReportEntry far = await CheckAsync(broker, static o =>
        {
            o.Groups.Add("slow");
            o.LagUnhealthy = 6;
        });
        Assert.Equal(HealthStatus.Unhealthy, far.Status);
        HealthReportEntry late = await CheckAsync(broker, static o =>
        {
            o.Groups.Add("slow");
            o.LagTimeDegraded = TimeSpan.Zero;
        });
        Assert.Equal(HealthStatus.Degraded, late.Status);
        await broker.KillAsync();
        HealthReportEntry gone = await CheckAsync(broker, null);
        Assert.Equal(HealthStatus.Unhealthy, gone.Status);
        Assert.Contains(broker.Address, gone.Description);
        Assert.Throws<ArgumentException>(() => new LogBrokerHealthOptions { LagDegraded = -1 }.Validate());
    }

    private static async Task<HealthReportEntry> CheckAsync(FakeBroker broker, Action<LogBrokerHealthOptions>? configure)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLogBroker(s =>
        {
            s.Servers = broker.Address;
            s.ConnectTimeout = TimeSpan.FromMilliseconds(200);
        });
        services.AddHealthChecks().AddLogBroker(configure);
        await using ServiceProvider provider = services.BuildServiceProvider();
        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return report.Entries["logbroker"];
    }

    private static IConfigurationSection Section(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create<string, string?>("LogBroker:" + s.Key, s.Value)))
        .Build().GetSection("LogBroker");
}
