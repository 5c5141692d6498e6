using LogBroker.Simulator;

return SimulatorCommand.Run(args, Console.Out);
