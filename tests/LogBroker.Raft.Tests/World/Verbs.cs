using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>The commands of a <see cref="Script"/>.</summary>
internal sealed partial class Verbs(World? world = null)
{
    private const int StepsMax = 400;

    public World? World { get; private set; } = world;

    private World It => World ?? throw new InvalidOperationException("the first command is: voters A B C");

    public void Do(string[] words)
    {
        string[] rest = words[1..];
        switch (words[0])
        {
            case "voters":
                int observers = Array.IndexOf(rest, "observers");
                string[] voters = observers < 0 ? rest : rest[..observers];
                string[] others = observers < 0 ? [] : rest[(observers + 1)..];
                World = new World([.. voters.Select(Replica.IdOf)], [.. others.Select(Replica.IdOf)]);
                break;
            case "limit":
                It.ItemsPerAnswer = Number(rest[0]);
                break;
            case "memory-topic":
                It.IsMemoryTopic = true;
                It.Replicas.ToList().ForEach(r => r.Core.CountAppended(true));
                break;
            case "expect":
                Expect(It[rest[0]], rest[1..]);
                break;
            case "log":
                Assert.Equal(string.Join(' ', rest[1..]), It[rest[0]].Log.ToString());
                break;
            case "silent":
                Assert.Empty(It.Network);
                break;
            case "silent-to":
                Assert.DoesNotContain(It.Network, p => p.To == Replica.IdOf(rest[0]));
                break;
            default:
                if (!DoNetwork(words[0], rest) && !DoProcess(words[0], It[rest[0]], rest[1..]))
                {
                    DoReplica(words[0], It[rest[0]], rest[1..]);
                    It.Settle(It[rest[0]]);
                }

                break;
        }
    }

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    private bool DoNetwork(string verb, string[] rest)
    {
        switch (verb)
        {
            case "deliver" when rest[0] == "all":
                DeliverAll();
                break;
            case "deliver" when It.Late.TryGetValue(rest[0], out Packet? late):
                It.Deliver(late);
                break;
            case "deliver":
                It.Deliver(Find(rest));
                break;
            case "try":
                It.Network.FindAll(p => Fits(p, rest)).Take(1).ToList().ForEach(p => It.Deliver(p));
                break;
            case "refuse":
                It.Deliver(Find(rest), isRefused: true);
                break;
            case "drop" when rest[0] == "all":
                It.Network.Clear();
                break;
            case "drop":
                It.Network.RemoveAll(p => Fits(p, rest));
                break;
            case "late":
            case "copy":
                Packet packet = It.Network.FindLast(p => Fits(p, rest[..^2]))!;
                Assert.True(packet is not null, "no such packet");
                It.Late[rest[^1]] = packet;
                if (verb == "late")
                {
                    It.Network.Remove(packet);
                }

                break;
            case "stabilize":
                Stabilize();
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>What happens to a process or its disk, whatever it does at that moment.</summary>
    private bool DoProcess(string verb, Replica replica, string[] rest)
    {
        int kept = rest is ["keep", _] ? Number(rest[1]) : 0;
        switch (verb)
        {
            case "crash":
                replica.Crash(kept);
                break;
            case "kill":
                replica.Kill();
                break;
            case "lose-state":
                replica.Crash(kept, losesState: true);
                break;
            case "wipe":
                replica.Wipe();
                break;
            case "start":
                replica.Start();
                break;
            case "timeout":
                TimeOut(replica, [.. rest.Skip(1).Select(n => It[n])]);
                break;
            case "elect":
                Elect(replica, [.. rest.Skip(1).Select(n => It[n])]);
                break;
            case "fetch":
                FetchFrom(replica, It[rest[1]], Number(rest[2]));
                break;
            case "report":
                foreach (Packet packet in It.Network.Where(p => Fits(p, [$"{replica.Name}>{rest[0]}", "fetch"])).ToList())
                {
                    It.Deliver(packet);
                }

                break;
            default:
                return false;
        }

        It.Invariants.Check();
        return true;
    }

    private void DoReplica(string verb, Replica replica, string[] rest)
    {
        switch (verb)
        {
            case "propose":
                rest.ToList().ForEach(replica.Propose);
                break;
            case "offer":
                rest.Where(_ => replica.Core.MayServe).ToList().ForEach(replica.Propose);
                break;
            case "campaign":
                Campaign(replica);
                break;
            case "flush":
                replica.Flush();
                break;
            case "tick":
                Tick(replica, rest);
                break;
            case "gone":
                replica.Core.LeaderGone(Replica.IdOf(rest[0]));
                break;
            case "heard":
                replica.Core.LeaderHeard(Replica.IdOf(rest[0]), new Epoch(Number(rest[1])));
                break;
            case "lost":
                replica.Core.PeerLost(Replica.IdOf(rest[0]));
                break;
            case "refresh":
                replica.Core.Refresh();
                break;
            case "round":
                It.Note($"round {replica.Core.BeginRound()}");
                break;
            case "resign":
                replica.Core.Resign(rest is ["to", _] ? Replica.IdOf(rest[1]) : NodeId.None);
                break;
            case "hold":
                (replica.HoldsPersists, replica.HoldsCuts) = (rest.Contains("persists"), rest.Contains("cuts"));
                break;
            case "persist":
                replica.Persist();
                break;
            case "cut":
                replica.Cut();
                break;
            case "trim":
                replica.Trim(new Offset(Number(rest[0])), rest.Contains("unlink"));
                break;
            case "checkpoint":
                replica.HighWatermarkCheckpoint = replica.Core.HighWatermark;
                replica.CachedRows = replica.Log.Rows;
                break;
            default:
                throw new InvalidOperationException("unknown command");
        }
    }

    /// <summary>A timeout whose pre-vote is left out, as after a hand-over: safety depends on votes alone.</summary>
    private void Campaign(Replica replica)
    {
        RaftCore core = replica.Core;
        NodeId from = core.Leader == NodeId.None ? It.Voters.First(v => v != replica.Id) : core.Leader;
        core.Receive(new RaftSender(from, Replica.DirectoryOf(from, 1)), new EndEpoch(core.Epoch, [replica.Id]));
    }

    /// <summary>tick X [times] [heard] [voters N]</summary>
    private static void Tick(Replica replica, string[] rest)
    {
        int times = rest.Length > 0 && int.TryParse(rest[0], out int n) ? n : 1;
        int at = Array.IndexOf(rest, "voters");
        var tick = new RaftTick(rest.Contains("heard"), at < 0 ? 1 : Number(rest[at + 1]));
        for (int i = 0; i < times; i++)
        {
            replica.Core.Tick(tick);
            replica.CarryOut();
        }
    }

    private void Expect(Replica replica, string[] facts)
    {
        RaftCore core = replica.Core;
        foreach (string fact in facts)
        {
            string[] pair = fact.Split('=');
            string actual = pair[0] switch
            {
                "role" => core.Role.ToString(),
                "leader" => Replica.NameOf(core.Leader),
                "epoch" => core.Epoch.ToString(),
                "at" => Rendering.At(core.AppendedPosition),
                "durable" => Rendering.At(core.Durable),
                "hw" => core.HighWatermark.ToString(),
                "readmitted" => core.IsReadmitted.ToString(),
                "serves" => core.MayServe.ToString(),
                "caught-up" => Replica.NameOf(core.CaughtUpPeer),
                "confirmed" => core.ConfirmedRound.ToString(CultureInfo.InvariantCulture),
                "implausible" => core.ImplausibleEpochs.ToString(CultureInfo.InvariantCulture),
                "needs-tick" => core.NeedsTick.ToString(),
                _ => core.Peers.First(p => p.Voter == Replica.IdOf(pair[0])).Counted?.ToString() ?? "none",
            };
            Assert.Equal($"{replica.Name} {fact}", $"{replica.Name} {pair[0]}={actual}");
        }
    }
}
