"""Those who run Forewarn are told of incidents, of approvals that wait and of brakes, by channels of their own."""
